"""The command line: reads options, calls the questions, writes the answer. Nothing else prints or exits."""
