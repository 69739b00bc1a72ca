"""What the company knows: its documents, read, indexed, found and quoted."""
