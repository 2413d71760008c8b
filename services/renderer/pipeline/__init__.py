"""Timeline in, files out: pictures, captions, sound, encoding, assembly; a library without bus or store.

Only this package and ``shared.media`` import av and cv2, and only the renderer's child process imports this one.
"""
