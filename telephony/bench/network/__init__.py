"""`offhook bench network`: conversations over a bad network. Rule: the network harms everything that passes."""
