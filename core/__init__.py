"""Bellwether: client attrition risk, watched. The floors and who may import whom: README.md."""
