"""Local services for development, tests and demos; imports none of the project's other packages."""
