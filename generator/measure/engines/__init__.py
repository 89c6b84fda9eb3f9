"""One module an engine; what an engine must offer is in `generator.measure.engine`."""
