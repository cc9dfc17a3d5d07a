"""The interview: what to ask next (pure), and how it is asked on a terminal."""
