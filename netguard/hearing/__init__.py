"""Pure: from what is heard on a segment, frame after frame, to findings. Time is in the frames."""
