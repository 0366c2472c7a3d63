"""Every shape that crosses a boundary: events, rows, topics. Imports none of the other rooms."""
