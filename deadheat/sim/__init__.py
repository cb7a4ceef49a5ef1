"""The engine. It knows nothing of evaluations, Redis or Kubernetes."""
