"""Components of the contract as the models of the client."""
