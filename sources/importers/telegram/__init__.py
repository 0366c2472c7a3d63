"""Imports exports of Telegram Desktop."""
