/// A plugin that comes with the program.
#[derive(Debug, Clone, Copy)]
pub struct Blueprint {
    /// Its name, that of its folder under `blueprints/`.
    pub name: &'static str,
    /// Its built component.
    pub component: &'static [u8],
}

macro_rules! bundled {
    ($($name:literal),* $(,)?) => {
        &[$(Blueprint {
            name: $name,
            component: include_bytes!(concat!("../../../blueprints/", $name, "/", $name, ".wasm")),
        }),*]
    };
}

/// The plugins that come with the program, by name.
pub fn blueprints() -> &'static [Blueprint] {
    bundled!["apache-log-to-csv", "apache-log-to-json", "syslog-to-csv", "syslog-to-json"]
}

/// The one named `name`.
pub fn blueprint(name: &str) -> Option<&'static Blueprint> {
    blueprints().iter().find(|blueprint| blueprint.name == name)
}
