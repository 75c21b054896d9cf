"""What an answer is: one file a question, frozen, plain numbers; its fields are the JSON that is written."""
