"""The people agent: everybody in memory, what follows from chat, product and links meeting there, and how it lands."""
