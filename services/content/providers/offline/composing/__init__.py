"""Music of the built-in composer: moods, harmony, arrangement, instruments, mix; arithmetic only, no samples."""
