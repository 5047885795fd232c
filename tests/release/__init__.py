"""What is published: sdist and wheel, their contents, and how they install."""
