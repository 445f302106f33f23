"""Results for people: tables, the loop nest as text, and the terms behind each number."""
