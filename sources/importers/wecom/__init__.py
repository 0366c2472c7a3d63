"""Imports WeCom (企业微信): its chat archive and member lists."""
