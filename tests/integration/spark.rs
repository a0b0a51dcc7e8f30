//! The Spark job, for real: several worker processes, tasks that fail, shares that are done twice, storage that refuses.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::export::Exported;
use test_support::line::Line;
use test_support::{Inputs, esaudit, gzip, python};

/// A Python with PySpark where Java is, too. `None`, said, where one is missing.
fn tools() -> Option<PathBuf> {
    let java = Command::new("java").arg("-version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !java.is_ok_and(|status| status.success()) {
        python::missing("there is no java");
        return None;
    }
    python::with("pyspark")
}

/// Notes each call with its folder, which is that of the executor; fails once if told so.
const WRAPPER: &str = r#"#!/bin/sh
mode=$(cat NOTES/mode)
echo "$PWD $1 $(echo "$*" | tr " " _)" >> NOTES/calls
if [ "$1" = scan ]; then
    if [ "$mode" = "fail once" ] && mkdir NOTES/failed 2>/dev/null; then
        head -c 100 >/dev/null
        echo "out of luck" >&2
        exit 137
    fi
fi
exec ESAUDIT "$@"
"#;

/// The incident with one file as zstd, one as it is and an empty one.
fn logs() -> Inputs {
    let mut inputs = Inputs::new();
    for path in glob::glob("testdata/incident/**/*.*").unwrap().map(Result::unwrap).filter(|path| path.is_file()) {
        let bytes = fs::read(&path).unwrap();
        let name = path.strip_prefix("testdata/incident").unwrap().to_str().unwrap().to_owned();
        if name == "es-1/prod_audit.json" {
            inputs.add(&format!("logs/{name}.zst"), &zstd::encode_all(bytes.as_slice(), 1).unwrap());
        } else if name == "es-2/prod_audit.json" {
            inputs.add(&format!("logs/{name}.gz"), &gzip(&bytes));
        } else {
            inputs.add(&format!("logs/{name}"), &bytes);
        }
    }
    inputs.add("logs/es-4/empty audit.json", b"");
    inputs
}

fn command(python: &Path, program: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .env("PYSPARK_PYTHON", python)
        .env("PYSPARK_DRIVER_PYTHON", python)
        .env("SPARK_LOCAL_IP", "127.0.0.1")
        .env(python::JAVA.0, python::JAVA.1)
        .env_remove("SPARK_HOME")
        .env_remove("CLASSPATH");
    command
}

/// Small logs in many folders, 200 in all, of failures of 6,000 accounts, whose names no compression makes shorter.
fn small() -> Inputs {
    let mut inputs = Inputs::new();
    for file in 0..200 {
        let line = |at: i64| {
            let name = format!("{:016x}", at.wrapping_mul(0x1e37_79b9_7f4a_7c15));
            let line = Line::new(at * 1000, "authentication_failed").user(&name).from("10.0.0.1:40000");
            line.request(&format!("r{at}")).end() + "\n"
        };
        let lines: String = (file * 30..file * 30 + 30).map(line).collect();
        inputs.add(&format!("small/{:02}/{file} audit.json", file % 20), lines.as_bytes());
    }
    inputs
}

/// Tasks that fail, are repeated and are done twice; parts that do not fit through the driver; many small files of a store;
/// tables written by tasks, side by side; and what a user is told where the storage refuses.
#[test]
fn a_cluster_of_two() {
    let Some(python) = tools() else { return };
    let inputs = logs();
    let logs = inputs.path().join("logs");
    let small = small();
    let folder = tempfile::tempdir().unwrap();
    let wrapper = folder.path().join("esaudit-noting");
    let script =
        WRAPPER.replace("NOTES", folder.path().to_str().unwrap()).replace("ESAUDIT", env!("CARGO_BIN_EXE_esaudit"));
    fs::write(&wrapper, script).unwrap();
    fs::set_permissions(&wrapper, fs::Permissions::from_mode(0o755)).unwrap();
    fs::create_dir(folder.path().join("work")).unwrap();
    let output = command(&python, &python)
        .arg("tests/spark/session.py")
        .arg("contrib/spark")
        .args([&wrapper, folder.path(), &logs, folder.path(), &small.path().join("small")])
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let told: serde_json::Value =
        serde_json::from_str(String::from_utf8_lossy(&output.stdout).lines().last().unwrap()).unwrap();
    let direct = esaudit(&["report", logs.to_str().unwrap(), "--format", "json"]).stdout;
    for run in ["failed", "twice"] {
        assert_eq!(told[run]["status"], 0, "{told}");
        let merged = fs::read(folder.path().join(format!("{run}.json"))).unwrap();
        assert!(merged == direct, "{run} differs: {told}");
        // It happened what was to happen.
        assert!(told[run]["scans"].as_u64().unwrap() > 3, "{told}");
        assert!(told[run]["folders"].as_u64().unwrap() >= 2, "{told}");
        assert!(told[run]["limited"] == true && told[run]["stored"] == true, "{told}");
    }
    assert!(folder.path().join("failed").exists());

    // More than the driver takes (`spark.driver.maxResultSize` of the session).
    assert!(fs::metadata(folder.path().join("small.esa")).unwrap().len() > 64 << 10, "{told}");
    assert_eq!((&told["small"]["scans"], &told["small"]["shares"]), (&4.into(), &4.into()), "{told}");
    let report: serde_json::Value =
        serde_json::from_slice(&fs::read(folder.path().join("small.json")).unwrap()).unwrap();
    assert_eq!(report["totals"]["failed_attempts"], 6000);
    let first = &report["coverage"]["inputs"][0];
    assert_eq!(first["path"], "viewfs://store/small/00/0 audit.json");

    // Two answers are what WebHDFS gives for the bytes of a file: where they are, and they; each folder is listed once.
    let slow = &told["slow"];
    assert_eq!((&slow["files"], &slow["to_read"]), (&200.into(), &400.into()), "{told}");
    assert!(slow["to_list"].as_u64().unwrap() < 30 && slow["at_once"].as_u64().unwrap() > 8, "{told}");
    let report: serde_json::Value =
        serde_json::from_slice(&fs::read(folder.path().join("slow.json")).unwrap()).unwrap();
    assert_eq!(report["totals"]["failed_attempts"], 6000);

    // Two tasks wrote what one process writes.
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    assert_eq!(esaudit(&["export", &path("twice.esa"), "--parquet", &path("one")]).status.code(), Some(0));
    let (one, tables) =
        (super::export::files(Path::new(&path("one"))), super::export::files(Path::new(&path("tables"))));
    // Hadoop puts a file of checksums beside each on a local disk.
    let tables = tables.into_iter().filter(|(name, _)| name.extension().is_some_and(|e| e == "parquet")).collect();
    assert!(one == tables, "{:?} {:?}", one.keys(), BTreeMap::keys(&tables));
    assert_eq!((&told["tasks"], told["tables"].as_u64()), (&2.into(), Some(one.len() as u64)), "{told}");
    let forbidden = told["forbidden"].as_str().unwrap();
    assert!(forbidden.contains("403") && forbidden.contains("/audit.json"), "{forbidden}");
    let last_word = told["last_word"].as_str().unwrap();
    assert!(last_word.starts_with("http://") && last_word.contains("403") && !last_word.contains('\n'), "{last_word}");
    let gone = told["gone"].as_str().unwrap();
    assert!(gone.contains("gone.json") && gone.contains("FileNotFoundException"), "{gone}");
}

#[test]
fn the_limits_of_an_executor_are_found() {
    let Some(python) = python::with("sys") else { return };
    let output = Command::new(python).args(["tests/spark/limits.py", "contrib/spark"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn spark_connect_is_told_that_it_cannot() {
    let Some(python) = python::with("pyspark") else { return };
    let output = command(&python, &python)
        .args(["contrib/spark/esaudit_spark.py", "/logs", "-o", "report.json", "--binary", "esaudit"])
        .env("SPARK_REMOTE", "sc://127.0.0.1:15002")
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(1) && errors.contains("Spark Connect cannot"), "{errors}");
}

/// In one process: the other test has executors of their own.
#[test]
fn the_job_as_it_is_submitted() {
    let Some(python) = tools() else { return };
    let inputs = logs();
    let logs = inputs.path().join("logs");
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let output = command(&python, &python.with_file_name("spark-submit"))
        .args(["--master", "local[2]", "--conf", "spark.ui.enabled=false"])
        .arg("contrib/spark/esaudit_spark.py")
        .args([&format!("{}/es-*", logs.to_str().unwrap()), "--binary", env!("CARGO_BIN_EXE_esaudit")])
        .args(["-o", &path("report.json"), "-o", &format!("file://{}", path("all.esa"))])
        .args(["--scan-options", "--assume-tz +02:00", "--merge-options", "--fail-on critical"])
        .args(["--parquet", &path("tables")])
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{errors}");
    assert!(folder.path().join("tables/inputs/part-0.parquet").exists());
    let nodes = ["es-1", "es-2", "es-3", "es-4"].map(|node| logs.join(node).to_str().unwrap().to_owned());
    let mut arguments = vec!["report", "--format", "json", "--assume-tz", "+02:00"];
    arguments.extend(nodes.iter().map(String::as_str));
    assert!(fs::read(path("report.json")).unwrap() == esaudit(&arguments).stdout);
    assert!(fs::read(path("report.json")).unwrap() == esaudit(&["merge", &path("all.esa"), "--format", "json"]).stdout);
}

/// A worker starts one Java process that reads files, however many tasks it runs.
#[test]
fn a_worker_reads_with_one_process() {
    let Some(python) = tools() else { return };
    let small = small();
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    // A Java that notes what it is started for.
    let java = folder.path().join("home/bin/java");
    fs::create_dir_all(java.parent().unwrap()).unwrap();
    let script = format!("#!/bin/sh\necho \"$*\" >> {}\nexec java \"$@\"\n", path("calls"));
    fs::write(&java, script).unwrap();
    fs::set_permissions(&java, fs::Permissions::from_mode(0o755)).unwrap();
    let link = format!("spark.hadoop.fs.viewfs.mounttable.store.link./small=file://{}/small", small.path().display());
    let output = command(&python, &python.with_file_name("spark-submit"))
        .env("JAVA_HOME", folder.path().join("home"))
        .args(["--master", "local-cluster[1,2,1024]", "--conf", "spark.ui.enabled=false", "--conf", &link])
        .args(["contrib/spark/esaudit_spark.py", "viewfs://store/small", "--binary", env!("CARGO_BIN_EXE_esaudit")])
        .args(["--shares", "6", "-o", &path("report.json")])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let calls = fs::read_to_string(path("calls")).unwrap();
    let readers = calls.lines().filter(|call| call.contains("py4j.GatewayServer")).count();
    assert!((1..=2).contains(&readers), "{calls}");
}

/// What the user names beside Spark's own jars is there for the process that reads files; small files cost no calls of Java of their
/// own; tables of two runs are not mixed; and Spark reads every table that is exported. One session for all: it takes seconds to
/// come up.
#[test]
fn jars_of_the_user_are_found_and_tables_are_read_and_not_mixed() {
    let Some(python) = tools() else { return };
    let folder = tempfile::tempdir().unwrap();
    let exported = Exported::new();
    let output = command(&python, &python)
        .args(["tests/spark/local.py", "contrib/spark"])
        .arg(folder.path())
        .args(exported.folders())
        .output()
        .unwrap();
    let (told, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{errors}");
    let told: serde_json::Value = serde_json::from_str(told.lines().last().unwrap()).unwrap();
    assert_eq!(told["found"], true, "{told}");
    let many = &told["many"];
    assert_eq!((&many["copies"], &many["same"]), (&200.into(), &true.into()), "{told}");
    assert!(many["calls"].as_u64() < many["copies"].as_u64(), "{told}");
    let (gone, missing) = (many["gone"].as_str().unwrap(), many["missing"].as_str().unwrap());
    let begin = format!("viewfs://store/many/{missing}: java.io.FileNotFoundException");
    assert!(gone.starts_with(&begin), "{gone}");
    assert_eq!((&told["new"], &told["empty"]), (&"taken".into(), &"taken".into()), "{told}");
    for folder in ["full", "file"] {
        assert!(told[folder].as_str().unwrap().contains("is not empty"), "{told}");
    }
    let read: Vec<(Vec<String>, usize)> = serde_json::from_value(told["read"].clone()).unwrap();
    let expected = exported.columns_and_counts();
    assert_eq!(read.len(), expected.len());
    for (table, ((columns, count), known)) in exported.folders().iter().zip(read.iter().zip(expected)) {
        assert!(*columns == known.0 && *count == known.1, "{table}: {columns:?} {count}, not {known:?}");
    }
}
