"""Parts are killed, stopped, emptied and restarted while many clients write: nothing acknowledged may be lost."""
