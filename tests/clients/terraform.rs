//! Terraform with the AWS provider, as `terraform/main.tf` has them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use serde_json::{Value, json};

use crate::host::{Host, wait_for};
use crate::tools::{Installed, done, ended, on_the_path, ours};
use crate::{FUNCTION, folder};

const STREAM: &str = "aws_kinesis_firehose_delivery_stream.stream";
const ARN: &str = "arn:aws:firehose:us-east-1:000000000000:deliverystream/terraform";

/// Where providers are kept, as `terraform providers mirror` and packages lay them out.
fn mirrors() -> Vec<PathBuf> {
    let said = std::env::var_os("STANDPIPE_TF_MIRROR").map(PathBuf::from);
    let home = std::env::var_os("HOME").map(|home| Path::new(&home).join(".terraform.d"));
    let homes = home.iter().flat_map(|home| [home.join("plugins"), home.join("plugin-cache")]);
    let shared = ["/usr/local/share/terraform/plugins", "/usr/share/terraform/plugins"].map(PathBuf::from);
    let others = fs::read_dir("/opt").into_iter().flatten().flatten().map(|folder| folder.path());
    said.into_iter().chain(homes).chain(shared).chain(others).collect()
}

/// The provider's program, of the version that `main.tf` wants.
fn provider() -> Option<PathBuf> {
    let config = fs::read_to_string(ours("terraform/main.tf")).unwrap();
    let version = config.split("version = \"").nth(1)?.split('"').next()?;
    let of_version = Path::new("registry.terraform.io/hashicorp/aws").join(version);
    let platforms = mirrors().into_iter().flat_map(|mirror| fs::read_dir(mirror.join(&of_version)));
    let files = platforms.flatten().flatten().flat_map(|platform| fs::read_dir(platform.path()));
    let mut paths = files.flatten().flatten().map(|file| file.path());
    paths.find(|path| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("terraform-provider-aws_"))
    })
}

/// Terraform in a folder of its own, with a provider that runs.
struct Terraform {
    program: Installed,
    provider: Child,
    folder: PathBuf,
    /// What the provider says of how to reach it.
    reattach: String,
    /// The values of the variables of `main.tf`.
    values: Value,
}

impl Terraform {
    /// Most of a command's time would go to starting the provider, so there is one for all commands. Its heap is let grow:
    /// what it answers first, and again and again, is the schema of all of AWS.
    fn start(program: PathBuf, provider: PathBuf, folder: &Path, values: Value) -> Self {
        let folder = folder.join("terraform");
        fs::create_dir(&folder).unwrap();
        fs::copy(ours("terraform/main.tf"), folder.join("main.tf")).unwrap();
        fs::write(folder.join("terraform.rc"), "").unwrap();
        let said = folder.join("provider.log");
        let file = fs::File::create(&said).unwrap();
        let provider = Installed(provider)
            .command(["-debug"])
            .env("GOGC", "400")
            .env("TMPDIR", &folder)
            .stdout(file.try_clone().unwrap())
            .stderr(file)
            .spawn()
            .unwrap();
        let mut terraform =
            Self { program: Installed(program), provider, folder, reattach: String::new(), values };
        wait_for("the provider says where it is", || {
            let said = fs::read_to_string(&said).unwrap();
            let found = said.split("TF_REATTACH_PROVIDERS='").nth(1).and_then(|rest| rest.split_once('\''));
            terraform.reattach = found.map(|(found, _)| found.to_owned()).unwrap_or_default();
            !terraform.reattach.is_empty()
        });
        terraform
    }

    fn command(&self, command: &str) -> Command {
        fs::write(self.folder.join("terraform.tfvars.json"), self.values.to_string()).unwrap();
        let mut command = self.program.command([command, "-no-color", "-input=false"]);
        command
            .current_dir(&self.folder)
            .env("TF_REATTACH_PROVIDERS", &self.reattach)
            .env("TF_CLI_CONFIG_FILE", "terraform.rc")
            .env("TF_IN_AUTOMATION", "1")
            .env("CHECKPOINT_DISABLE", "1");
        command
    }

    fn apply(&self, wanted: &str) {
        let said = done(self.command("apply").arg("-auto-approve"));
        assert!(said.contains(&format!("Resources: {wanted}.")), "{said}");
    }

    /// What there is is what was asked for. The exit code would be 2.
    fn plans_nothing(&self, more: &[&str]) {
        let (code, said) = ended(self.command("plan").arg("-detailed-exitcode").args(more));
        assert_eq!(code, Some(0), "{said}");
    }
}

impl Drop for Terraform {
    fn drop(&mut self) {
        let _ = self.provider.kill();
        let _ = self.provider.wait();
    }
}

#[test]
fn terraform() {
    let (Some(program), Some(provider)) = (on_the_path("terraform"), provider()) else {
        println!(
            "skipped: terraform is missing, or a mirror with its AWS provider; STANDPIPE_TF_MIRROR names one"
        );
        return;
    };
    let folder = folder();
    let host = Host::start(folder.path());
    let values = json!({
        "endpoint": host.url(),
        "bucket": "logs",
        "function": format!("{FUNCTION}:$LATEST"),
        "prefix": "terraform/",
        "interval": 60,
        "retries": "2",
        "tags": { "team": "web", "stage": "test" },
    });
    let mut terraform = Terraform::start(program, provider, folder.path(), values);
    terraform.apply("1 added, 0 changed, 0 destroyed");
    terraform.plans_nothing(&[]);
    for changes in [
        json!({ "interval": 90 }),
        json!({ "tags": { "stage": "live", "cost": "" } }),
        json!({ "retries": "5", "function": "arn:aws:lambda:us-east-1:000000000000:function:other:live" }),
        json!({ "prefix": "terraform/second/" }),
    ] {
        terraform.values.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        terraform.apply("0 added, 1 changed, 0 destroyed");
        terraform.plans_nothing(&[]);
    }
    // Into another state, which knows nothing yet.
    done(terraform.command("import").args(["-state=second.tfstate", STREAM, ARN]));
    terraform.plans_nothing(&["-state=second.tfstate"]);
    let said = done(terraform.command("destroy").arg("-auto-approve"));
    assert!(said.contains("Resources: 1 destroyed."), "{said}");
    assert_eq!(host.stop().0, Some(0));
}
