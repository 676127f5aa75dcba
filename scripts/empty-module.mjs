// Stands in for modules that a production bundle must not load.
export default {};
