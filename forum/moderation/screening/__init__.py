"""What a text looks like to the rules: pure phases over plain values, word lists and domains; knows neither Flask nor the database."""
