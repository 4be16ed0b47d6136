//! The stage of a scene: one tmux server, with a session for each window. Whoever likes may look at them: nobody, panes
//! that show them side by side, an xterm for each.
//!
//! Where the system allows it the stage is in namespaces of its own: no network but its own loopback, so that port 6667 is
//! free; processes and a folder `/home` of its own. Then several stages can stand beside each other. In the end
//! everything on it is ended: with the last process that holds the input of `stage.sh`, so even if this process is killed.

use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::scene::{Window, folder};

/// A signal asks this process to end. It ends when it waits for something next, with all that is on the stage.
pub static STOPPED: AtomicBool = AtomicBool::new(false);

/// The folder of the people where there are no namespaces.
const SHARED: &str = "/tmp/groupchat";
/// Between two looks at what is not there yet.
const GLANCE: Duration = Duration::from_millis(20);
/// For the start of tmux.
const START: Duration = Duration::from_secs(10);
/// Lines that a window keeps.
const HISTORY: &str = "5000";
/// As `stage.sh` is started in namespaces of its own. Its process 1 is killed with `unshare`.
const NAMESPACES: [&str; 3] = ["--kill-child", "-Urnmpf", "--mount-proc"];

pub struct Stage {
    script: Child,
    /// The socket of tmux, and in namespaces the people's folders.
    folder: TempDir,
    /// The folders of the people, as this process sees them, and as they do.
    home: PathBuf,
    seen: PathBuf,
}

impl Stage {
    /// Whether there can be a stage in namespaces of its own.
    pub fn can_be_apart() -> bool {
        let mut unshare = Command::new("unshare");
        unshare.args(NAMESPACES).args(["sh", "-c", "PATH=$PATH:/usr/sbin:/sbin; ip link set lo up && test -d /home"]);
        unshare.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        unshare.status().is_ok_and(|status| status.success())
    }

    /// Sets up a stage, apart from the rest of the system or not, with the programs of this folder.
    pub fn open(programs: &Path, apart: bool) -> Result<Stage, String> {
        let failed = |error: io::Error| format!("no stage: {error}");
        // Not in $TMPDIR, which may be below /home.
        let folder = TempDir::with_prefix_in("groupchat-", "/tmp").map_err(failed)?;
        let (home, seen) = if apart {
            (folder.path().join("home"), PathBuf::from("/home"))
        } else {
            (PathBuf::from(SHARED), PathBuf::from(SHARED))
        };
        let hint = "remove it if no other scene is played";
        fs::create_dir(&home).map_err(|error| format!("{}: {error}; {hint}", home.display()))?;
        let mut command = Command::new(if apart { "unshare" } else { "sh" });
        if apart {
            command.args(NAMESPACES).arg("sh");
        }
        command
            .arg(self::folder().join("stage.sh"))
            .env("STAGE", folder.path())
            .env("PROGRAMS", programs)
            .env("APART", if apart { "1" } else { "" });
        // A folder of the user's may be elsewhere on the stage.
        command.env_remove("TMPDIR");
        command.env_remove("TMUX").env("LC_ALL", "C.UTF-8").stdin(Stdio::piped()).stdout(Stdio::null());
        let script = prepare(&home, programs, apart).and_then(|()| command.spawn());
        if script.is_err() && !apart {
            let _ = fs::remove_dir_all(&home);
        }
        // From here on the stage is taken down in the end.
        let stage = Stage { script: script.map_err(failed)?, folder, home, seen };
        let started = wait_for("tmux", START, || Ok(stage.run(&["start-server"]).ok()));
        started.map_err(|error| format!("{error}; a stage takes tmux 3.2 or newer"))?;
        stage.run(&["set", "-g", "status", "off", ";", "set", "-g", "prefix", "None"])?;
        stage.run(&["set", "-g", "history-limit", HISTORY, ";", "set", "-s", "escape-time", "0"])?;
        // Where a terminal is larger than what it shows; an older tmux draws dots.
        let _ = stage.run(&["set", "-wg", "fill-character", " "]);
        Ok(stage)
    }

    /// Opens a window: a shell in the person's folder, where the project's Makefile is, with nothing of the environment of
    /// whoever plays the scene.
    pub fn open_window(&self, window: &Window) -> Result<(), String> {
        self.home(window)?;
        let home = self.seen.join(&window.person).display().to_string();
        let path = format!("PATH={}/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", self.seen.display());
        let environment = [
            path,
            format!("HOME={home}"),
            format!("USER={}", window.person),
            // irssi would find the name of whoever plays the scene.
            format!("IRCUSER={}", window.person),
            "LC_ALL=C.UTF-8".to_owned(),
            "PS1=$ ".to_owned(),
            // Programs of the stage do not ask tmux for anything.
            "TERM=screen-256color".to_owned(),
        ];
        let (columns, rows) = (window.columns.to_string(), window.rows.to_string());
        let mut command = vec!["new-session", "-d", "-s", &window.name, "-x", &columns, "-y", &rows, "-c", &home];
        command.extend(["env", "-i"]);
        command.extend(environment.iter().map(String::as_str));
        command.push("sh");
        // Whoever looks at it does not change its size.
        let target = target(window);
        command.extend([";", "set", "-w", "-t", &target, "window-size", "manual"]);
        self.run(&command)?;
        // What is typed before the prompt would stand before it.
        wait_for("a prompt", START, || Ok((self.text(window)? == ["$"]).then_some(())))
    }

    /// Closes it, and ends what runs there.
    pub fn close_window(&self, window: &Window) -> Result<(), String> {
        self.run(&["kill-session", "-t", &target(window)]).map(drop)
    }

    pub fn type_text(&self, window: &Window, text: &str) -> Result<(), String> {
        // A semicolon at the end would be tmux's own.
        let text = text.strip_suffix(';').map_or(text.to_owned(), |text| format!("{text}\\;"));
        self.run(&["send-keys", "-t", &target(window), "-l", "--", &text]).map(drop)
    }

    pub fn press(&self, window: &Window, keys: &[&str]) -> Result<(), String> {
        self.run(&[&["send-keys", "-t", &target(window), "--"], keys].concat()).map(drop)
    }

    /// All lines of a window so far; those that it broke are joined again.
    pub fn text(&self, window: &Window) -> Result<Vec<String>, String> {
        let text = self.run(&["capture-pane", "-p", "-J", "-S", "-", "-t", &target(window)])?;
        let mut lines: Vec<String> = text.lines().map(|line| line.trim_end().to_owned()).collect();
        while lines.last().is_some_and(String::is_empty) {
            lines.pop();
        }
        Ok(lines)
    }

    /// Runs a command of tmux, or several with `;` between them, and returns what it prints.
    pub fn run(&self, words: &[&str]) -> Result<String, String> {
        let run = self.tmux().args(words).output().map_err(|error| format!("tmux: {error}"))?;
        let failed = || format!("tmux {}: {}", words.join(" "), String::from_utf8_lossy(&run.stderr).trim());
        if run.status.success() { Ok(String::from_utf8_lossy(&run.stdout).into_owned()) } else { Err(failed()) }
    }

    /// The folder of the person whose window it is, which is made when it is asked for first.
    pub fn home(&self, window: &Window) -> Result<PathBuf, String> {
        let folder = self.home.join(&window.person);
        if !folder.exists() {
            let made = fs::create_dir(&folder).and_then(|()| {
                ["Makefile", "Cargo.toml", "target"]
                    .iter()
                    .try_for_each(|name| symlink(Path::new("..").join(name), folder.join(name)))
            });
            made.map_err(|error| format!("{}: {error}", folder.display()))?;
        }
        Ok(folder)
    }

    /// A folder that is removed with the stage.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Slows the network of the stage down, if it is the stage's own. Where the system cannot do that it stays as it is.
    pub fn slow_down(&self, rate: &str) {
        if self.seen != Path::new(SHARED) {
            let limit = format!("tc qdisc add dev lo root tbf rate {rate} burst 256kb latency 400ms");
            let _ = self.run(&["run-shell", &limit]);
        }
    }

    /// The command `tmux` for this stage.
    pub fn tmux(&self) -> Command {
        let mut command = Command::new("tmux");
        command.args(["-N", "-S"]).arg(self.folder().join("tmux")).env_remove("TMUX").env("LC_ALL", "C.UTF-8");
        command
    }
}

impl Drop for Stage {
    /// The end of the script's input is the end of all that is on the stage.
    fn drop(&mut self) {
        drop(self.script.stdin.take());
        let _ = self.script.wait();
        if self.seen == Path::new(SHARED) {
            let _ = fs::remove_dir_all(SHARED);
        }
    }
}

/// Looks again and again until something is there.
pub fn wait_for<T>(what: &str, patience: Duration, look: impl Fn() -> Result<Option<T>, String>) -> Result<T, String> {
    let deadline = Instant::now() + patience;
    loop {
        if let Some(found) = look()? {
            return Ok(found);
        }
        if Instant::now() > deadline {
            return Err(format!("never came: {what}"));
        }
        if STOPPED.load(Ordering::Relaxed) {
            return Err("stopped".to_owned());
        }
        thread::sleep(GLANCE);
    }
}

/// By which tmux finds the window.
pub fn target(window: &Window) -> String {
    format!("={}:", window.name)
}

/// What each person's folder leads to: the Makefile, and programs that need no building.
fn prepare(home: &Path, programs: &Path, apart: bool) -> io::Result<()> {
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    fs::create_dir(home.join("target"))?;
    // Where there are namespaces the programs are mounted there.
    let release = home.join("target/release");
    if apart {
        fs::create_dir(release)?;
    } else {
        symlink(programs, release)?;
    }
    fs::create_dir(home.join("bin"))?;
    fs::copy(folder().join("cargo"), home.join("bin/cargo"))?;
    fs::copy(project.join("Makefile"), home.join("Makefile"))?;
    fs::copy(project.join("Cargo.toml"), home.join("Cargo.toml")).map(drop)
}
