//! The configuration file: flat TOML, with the names of the environment.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use clap::{Arg, Command};
use toml::Value;

/// Names the file itself, and has therefore no place in it.
const CONFIG: &str = "EDTECH_CONFIG";

/// The same command line, with the values of the file as its defaults: so flags stay over environment over file. The
/// error is one line.
pub fn with_file_as_defaults(command: Command, path: &Path) -> Result<Command, String> {
    let refused = |fault: String| format!("{CONFIG} names {}, {fault}", path.display());
    let text = fs::read_to_string(path).map_err(|error| refused(format!("which cannot be read: {error}")))?;
    let values = parsed(&text).map_err(|fault| refused(format!("where {fault}")))?;
    let known = keys(&command);
    if let Some(unknown) = values.keys().find(|key| !known.contains(key)) {
        return Err(refused(format!("where {unknown} is no setting; for example PORT = 8000")));
    }
    Ok(with_each_arg(command, &|arg| with_default(arg, &values)))
}

/// The same command line with every argument of every command as `change` makes it.
pub fn with_each_arg(command: Command, change: &dyn Fn(Arg) -> Arg) -> Command {
    command.mut_args(change).mut_subcommands(|command| with_each_arg(command, change))
}

fn with_default(arg: Arg, values: &BTreeMap<String, String>) -> Arg {
    match key(&arg).and_then(|key| values.get(key)).cloned() {
        Some(value) => arg.default_value(value).hide_default_value(true),
        None => arg,
    }
}

fn parsed(text: &str) -> Result<BTreeMap<String, String>, String> {
    // What the parser says of a place goes over several lines; its first one says enough.
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| error.message().to_owned())?;
    table.into_iter().map(|(key, value)| Ok((key.clone(), plain(key, value)?))).collect()
}

fn plain(key: String, value: Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text),
        Value::Integer(number) => Ok(number.to_string()),
        Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) | Value::Array(_) | Value::Table(_) => {
            Err(format!("{key} is neither text nor a whole number; for example PORT = 8000"))
        }
    }
}

fn keys(command: &Command) -> Vec<String> {
    let own = command.get_arguments().filter_map(key).filter(|key| *key != CONFIG).map(ToOwned::to_owned);
    own.chain(command.get_subcommands().flat_map(keys)).collect()
}

fn key(arg: &Arg) -> Option<&str> {
    arg.get_env().and_then(|name| name.to_str())
}
