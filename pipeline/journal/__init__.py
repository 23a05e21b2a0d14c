"""The journal: every answer that reaches us is stored before it is used, so that no call is paid for twice."""
