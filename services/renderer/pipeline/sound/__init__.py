"""The sound of a whole timeline: placed, ducked, brought to one loudness and encoded once.

Everything works block by block on the timeline's own sample numbers, so memory does not grow with the video.
Samples are float32 arrays of shape (2, n), full scale 1.0, 48 kHz.
"""
