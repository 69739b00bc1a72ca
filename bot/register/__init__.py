"""The register of Spanish address as a contract: vos, tú or usted, ustedes or vosotros."""
