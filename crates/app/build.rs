//! Lists the files of the pages, so that they are embedded into the binary.
//!
//! Every `expect` here ends a build, never a server: a build whose folders cannot
//! be read or written must fail, and say where. Writing to a `String` cannot fail.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

fn main() {
    let mut code = String::new();
    for (constant, folder) in [
        ("PLAYGROUND", "assets/playground"),
        ("DOCS", "assets/docs"),
        ("CONSOLE", "assets/console"),
        ("SHARED", "assets/shared"),
    ] {
        println!("cargo::rerun-if-changed={folder}");
        let root = Path::new(&env::var("CARGO_MANIFEST_DIR").expect("set by cargo")).join(folder);
        let mut files = Vec::new();
        collect(&root, "", &mut files);
        files.sort();
        let entries = files.iter().fold(String::new(), |mut entries, name| {
            let path = root.join(name);
            writeln!(
                entries,
                "    ({name:?}, include_bytes!({:?})),",
                path.to_string_lossy()
            )
            .expect("a string takes all");
            entries
        });
        writeln!(
            code,
            "/// The files of `{folder}`.\nstatic {constant}: &[Asset] = &[\n{entries}];"
        )
        .expect("a string takes all");
    }
    let out = Path::new(&env::var("OUT_DIR").expect("set by cargo")).join("assets.rs");
    fs::write(out, code).expect("the build folder can be written");
}

fn collect(folder: &Path, prefix: &str, files: &mut Vec<String>) {
    for entry in fs::read_dir(folder).expect("the folder is there") {
        let entry = entry.expect("the folder can be read");
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            collect(&entry.path(), &format!("{name}/"), files);
        } else {
            files.push(name);
        }
    }
}
