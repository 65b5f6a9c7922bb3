use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use standpipe_logline::testing::{Case, Results};

use crate::program::{standpipe, top};

/// Every case of every blueprint, through the components that lie in the repository or those that
/// `STANDPIPE_BLUEPRINTS` names.
#[test]
fn every_blueprint_gives_what_its_cases_say() {
    let sources = top().join("blueprints");
    let built = std::env::var_os("STANDPIPE_BLUEPRINTS").map_or_else(|| sources.clone(), PathBuf::from);
    let cache = tempfile::tempdir().unwrap();
    let mut blueprints = 0;
    for entry in std::fs::read_dir(&sources).unwrap() {
        let folder = entry.unwrap().path();
        if !folder.join("cases").is_dir() {
            continue;
        }
        blueprints += 1;
        let name = folder.file_name().unwrap();
        let component = built.join(name).join(name).with_added_extension("wasm");
        for case in Case::all(&folder) {
            case.check(&results(cache.path(), &component, &case));
        }
    }
    assert!(blueprints >= 7, "{blueprints}");
}

fn results(folder: &Path, component: &Path, case: &Case) -> Results {
    let mut command = standpipe(folder);
    command.args(["pipe", "--failed", "failed.jsonl", "--params", &case.params(), "--plugin"]);
    command.arg(component).arg(&case.input);
    let ran = command.output().unwrap();
    assert!(ran.status.success(), "{}: {}", case.input.display(), String::from_utf8_lossy(&ran.stderr));
    let mut results = Results::of(ran.stdout);
    // The error output has the bytes of a line, not its number; failures stand in the order of their lines.
    let mut lines = (1..).zip(case.lines());
    for failed in std::fs::read_to_string(folder.join("failed.jsonl")).unwrap().lines() {
        let failed: serde_json::Value = serde_json::from_str(failed).unwrap();
        let text = |member: &str| failed[member].as_str().unwrap_or_default();
        let (line, _) = lines.find(|(_, line)| STANDARD.encode(line) == text("rawData")).unwrap();
        results.fail(line, text("code"), text("message"));
    }
    results
}
