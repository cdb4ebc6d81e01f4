"""Time, memory and disk that trials will take, here and on other hardware."""
