//! Lua scripts, which the server knows by their hash.

use deadpool_redis::redis::{
    Cmd, ErrorKind, FromRedisValue, RedisResult, ServerErrorKind, ToRedisArgs, cmd,
    from_redis_value,
};

use crate::link::Line;

/// A script.
pub(crate) struct Script {
    text: String,
    hash: String,
}

impl Script {
    /// A script of parts: what several have in common, and its own.
    pub(crate) fn new(parts: &[&str]) -> Self {
        let text = parts.concat();
        let hash = deadpool_redis::redis::Script::new(&text)
            .get_hash()
            .to_owned();
        Self { text, hash }
    }

    /// The script with the keys that it works on.
    pub(crate) fn on<'a>(&'a self, keys: &'a [String]) -> Call<'a> {
        Call {
            script: self,
            keys,
            arguments: Vec::new(),
        }
    }
}

/// A script with what it is to be run with.
pub(crate) struct Call<'a> {
    script: &'a Script,
    keys: &'a [String],
    arguments: Vec<Vec<u8>>,
}

impl Call<'_> {
    /// Adds an argument.
    pub(crate) fn arg(mut self, argument: impl ToRedisArgs) -> Self {
        argument.write_redis_args(&mut self.arguments);
        self
    }

    /// Runs the script by its hash; by its text where the server does not know
    /// it (any more), which thereby learns it.
    pub(crate) async fn run<T: FromRedisValue>(&self, line: &mut Line) -> RedisResult<T> {
        let known = self.command("EVALSHA", &self.script.hash);
        let answer = match line.ask(&known).await {
            Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                let whole = self.command("EVAL", &self.script.text);
                line.ask(&whole).await?
            }
            answer => answer?,
        };
        Ok(from_redis_value(answer)?)
    }

    fn command(&self, verb: &str, script: &str) -> Cmd {
        let mut command = cmd(verb);
        command.arg(script).arg(self.keys.len()).arg(self.keys);
        command.arg(&self.arguments);
        command
    }
}
