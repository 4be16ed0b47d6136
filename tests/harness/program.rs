//! A child process: its output is collected by threads, and it is killed and waited for in the end.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::PATIENCE;

/// What becomes of a program's standard output once it has said that it is ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    Read,
    /// The pipe stays open, and nobody reads it.
    Unread,
    /// The pipe is closed.
    Closed,
}

pub struct Program {
    child: Child,
    stdin: Option<ChildStdin>,
    window: Arc<Window>,
    /// The text before which a line says that the program is ready.
    ready: &'static str,
    readers: Vec<JoinHandle<Option<BufReader<ChildStdout>>>>,
}

/// The lines that a program has printed.
#[derive(Default)]
struct Window {
    lines: Mutex<Lines>,
    changed: Condvar,
}

#[derive(Default)]
struct Lines {
    all: Vec<String>,
    /// The program has ended.
    ended: bool,
}

/// The same command, with no signal ignored: a shell starts a job in the background so that it ignores Ctrl-C, and
/// programs keep ignoring what they were started to ignore.
pub fn with_default_signals(command: &Command) -> Command {
    let mut through_env = Command::new("env");
    through_env.arg("--default-signal=HUP,INT,TERM").arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => through_env.env(name, value),
            None => through_env.env_remove(name),
        };
    }
    command.get_current_dir().into_iter().for_each(|folder| _ = through_env.current_dir(folder));
    through_env
}

impl Program {
    /// Starts it and waits until `count` of its lines say that it is ready.
    pub fn start(command: Command, ready: &'static str, count: usize, output: Output) -> Program {
        Program::start_with(command, Stdio::null(), ready, count, output)
    }

    /// The same with an input to type into.
    #[expect(clippy::needless_pass_by_value, reason = "nobody needs it afterwards")]
    pub fn start_with(command: Command, stdin: Stdio, ready: &'static str, count: usize, output: Output) -> Program {
        let mut command = with_default_signals(&command);
        command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let window = Arc::new(Window::default());
        let (stdout, stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let (out, err) = (Arc::clone(&window), Arc::clone(&window));
        let readers = vec![
            thread::spawn(move || read_output(BufReader::new(stdout), &out, (ready, count), output)),
            thread::spawn(move || read_errors(stderr, &err)),
        ];
        let program = Program { stdin: child.stdin.take(), child, window, ready, readers };
        let is_ready = |lines: &Lines| lines.all.iter().filter(|line| line.contains(ready)).count() == count;
        program.wait_for(ready, |lines| (lines.ended || is_ready(lines)).then_some(()));
        program
    }

    /// What followed the text in the lines that said that it is ready.
    pub fn ready(&self) -> Vec<String> {
        let lines = self.window.lines.lock().unwrap();
        lines.all.iter().filter_map(|line| Some(line.split_once(self.ready)?.1.to_owned())).collect()
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Types into its input, if that is a pipe.
    pub fn type_bytes(&mut self, bytes: &[u8]) {
        self.stdin.as_mut().expect("there is an input").write_all(bytes).unwrap();
    }

    /// Waits for a line that holds this text, unless it is there already.
    pub fn expect_log(&self, text: &str) -> String {
        self.wait_for(text, |lines| lines.all.iter().find(|line| line.contains(text)).cloned())
    }

    /// Waits until the server has noticed that the connection of somebody was lost.
    pub fn expect_lost(&self, nick: &str) {
        let end = format!("[ {nick} ]");
        let is_it = |line: &&String| line.contains("is offline (Connection ") && line.ends_with(&end);
        self.wait_for(&end, |lines| lines.all.iter().find(is_it).map(drop));
    }

    /// How many lines hold this text.
    pub fn count_log(&self, text: &str) -> usize {
        self.window.lines.lock().unwrap().all.iter().filter(|line| line.contains(text)).count()
    }

    /// Everything that it printed so far.
    pub fn text(&self) -> String {
        self.window.lines.lock().unwrap().all.join("\n")
    }

    /// Waits for its end, and returns its exit code.
    pub fn exit_code(&mut self, patience: Duration) -> Option<i32> {
        self.window.wait_for("an end", patience, |lines| lines.ended.then_some(()));
        let status = self.child.wait().unwrap();
        self.readers.drain(..).for_each(|reader| drop(reader.join()));
        status.code()
    }

    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.pid().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    pub fn stop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.readers.drain(..).for_each(|reader| drop(reader.join()));
    }

    pub fn threads(&self) -> usize {
        self.proc_entries("task")
    }

    pub fn descriptors(&self) -> usize {
        self.proc_entries("fd")
    }

    /// Processor time used so far, in ticks of 10 ms.
    pub fn ticks(&self) -> u64 {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid())).unwrap();
        // The fields count from 1, and the second, the name, ends with the last parenthesis.
        let fields: Vec<&str> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
        let (user, system) = (fields[14 - 3], fields[15 - 3]);
        user.parse::<u64>().unwrap() + system.parse::<u64>().unwrap()
    }

    /// KiB of address space.
    pub fn address_space(&self) -> usize {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let size = status.lines().find_map(|line| line.strip_prefix("VmSize:")).unwrap();
        size.trim().trim_end_matches(" kB").parse().unwrap()
    }

    fn proc_entries(&self, folder: &str) -> usize {
        fs::read_dir(format!("/proc/{}/{folder}", self.pid())).unwrap().count()
    }

    fn wait_for<T>(&self, what: &str, find: impl FnMut(&Lines) -> Option<T>) -> T {
        self.window.wait_for(what, PATIENCE, find)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Window {
    fn add(&self, line: &str) {
        self.lines.lock().unwrap().all.push(line.trim_end_matches(['\r', '\n']).to_owned());
        self.changed.notify_all();
    }

    fn wait_for<T>(&self, what: &str, patience: Duration, mut find: impl FnMut(&Lines) -> Option<T>) -> T {
        let deadline = Instant::now() + patience;
        let mut lines = self.lines.lock().unwrap();
        loop {
            if let Some(found) = find(&lines) {
                return found;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                // Others still want to look at it.
                drop(lines);
                panic!("the program's output never had {what:?}");
            }
            lines = self.changed.wait_timeout(lines, left).unwrap().0;
        }
    }
}

/// Reads all of the output, or until the program is ready.
fn read_output(
    mut pipe: BufReader<ChildStdout>,
    window: &Window,
    (ready, mut count): (&str, usize),
    output: Output,
) -> Option<BufReader<ChildStdout>> {
    let mut line = String::new();
    while pipe.read_line(&mut line).expect("the log is UTF-8") > 0 {
        window.add(&line);
        count = count.saturating_sub(usize::from(line.contains(ready)));
        if count == 0 && output != Output::Read {
            return (output == Output::Unread).then_some(pipe);
        }
        line.clear();
    }
    None
}

/// Nobody closes the pipe of the errors early, so its end is the end of the program.
fn read_errors(pipe: impl Read, window: &Window) -> Option<BufReader<ChildStdout>> {
    let lines = BufReader::new(pipe).lines().map_while(Result::ok);
    lines.for_each(|line| window.add(&format!("stderr: {line}")));
    window.lines.lock().unwrap().ended = true;
    window.changed.notify_all();
    None
}
