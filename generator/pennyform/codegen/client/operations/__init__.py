"""Operations of the contract as the methods of the client."""
