// AssemblyScript's exports are identifiers; the contract's names are none.
const contract = "standpipe:transform/batch@0.1.0#";
const names = {
  start: `${contract}init`,
  batch: `${contract}transform`,
  done: `cabi_post_${contract}transform`,
  realloc: "cabi_realloc",
};

export default class {
  afterCompile(module) {
    for (const [name, exported] of Object.entries(names)) {
      module.removeExport(name);
      module.addFunctionExport(`plugin/${name}`, exported);
    }
  }
}
