"""Records as somebody with bad intentions may write them, and what is made of them."""
