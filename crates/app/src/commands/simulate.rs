//! `menshen simulate`.

use std::net::SocketAddr;
use std::path::Path;

use clap::Args;
use menshen_simulator::{Simulator, SimulatorConfig, SmsRegion, SmsTemplate, defaults};
use tokio::signal::unix::{SignalKind, signal};

use crate::commands::good_settings;
use crate::logging;
use crate::simulated;
use crate::wiring::StartError;

/// How the simulator runs.
#[derive(Debug, Args)]
pub struct Options {
    /// Address and port to listen on.
    #[arg(long, default_value = "127.0.0.1:9090")]
    listen: SocketAddr,
}

/// Runs the offline WeChat and vendors until SIGTERM or SIGINT.
///
/// # Errors
///
/// If the settings are bad or the address is taken.
pub async fn run(options: &Options, file: Option<&Path>) -> Result<(), StartError> {
    let (settings, _) = good_settings(file)?;
    logging::start(&settings.log);
    let (mut terminated, mut interrupted) = (
        signal(SignalKind::terminate())?,
        signal(SignalKind::interrupt())?,
    );
    let config = simulated::alone(&settings);
    config.check().map_err(|error| error.to_string())?;
    print_credentials(&config);
    let running = Simulator::new(config)
        .start(options.listen)
        .await
        .map_err(|error| {
            format!(
                "cannot listen on {}: {error}; choose another address with --listen",
                options.listen
            )
        })?;
    println!("  Listening    http://{}", running.address());
    tokio::select! {
        _ = terminated.recv() => {}
        _ = interrupted.recv() => {}
    }
    running.stop().await;
    Ok(())
}

/// Prints the fixed fake credentials; others are the operator's own, and known.
fn print_credentials(config: &SimulatorConfig) {
    println!("\n  This is NOT WeChat: an offline stand-in, with fake credentials.\n");
    let ours = SimulatorConfig::default();
    for app in &config.apps {
        let fake = ours
            .apps
            .iter()
            .any(|known| known.app_id == app.app_id && known.app_secret == app.app_secret);
        let secret = if fake {
            app.app_secret.as_str()
        } else {
            "(as configured)"
        };
        println!(
            "  {:<12} app_id {}  app_secret {secret}",
            app.kind.as_str(),
            app.app_id
        );
    }
    let shown = |secret: &str, fake: &str| {
        let secret = if secret == fake {
            secret
        } else {
            "(as configured)"
        };
        secret.to_owned()
    };
    let account = &config.aliyun;
    println!(
        "  {:<12} access_key_id {}  access_key_secret {}",
        "aliyun",
        account.access_key_id,
        shown(
            &account.access_key_secret,
            defaults::ALIYUN_ACCESS_KEY_SECRET
        )
    );
    print_sms(
        "sign_name",
        &account.signs,
        "template_code",
        &account.templates,
    );
    let account = &config.tencent;
    println!(
        "  {:<12} secret_id {}  secret_key {}  sdk_app_id {}",
        "tencent",
        account.secret_id,
        shown(&account.secret_key, defaults::TENCENT_SECRET_KEY),
        account.sdk_app_id
    );
    print_sms(
        "sign_name",
        &account.signs,
        "template_id",
        &account.templates,
    );
    print_others(config, shown);
}

/// The vendors whose messages come from a channel, a group or a number.
fn print_others(config: &SimulatorConfig, shown: impl Fn(&str, &str) -> String) {
    let account = &config.huawei;
    println!(
        "  {:<12} app_key {}  app_secret {}",
        "huawei",
        account.app_key,
        shown(&account.app_secret, defaults::HUAWEI_APP_SECRET)
    );
    for channel in &account.channels {
        println!(
            "  {:<12} sender {}  {}",
            "",
            channel.sender,
            region_name(channel.region)
        );
    }
    let signs = account
        .channels
        .first()
        .map_or(&[][..], |channel| &channel.signs);
    print_sms("signature", signs, "template_id", &account.templates);
    let account = &config.volcengine;
    println!(
        "  {:<12} access_key_id {}  secret_access_key {}  sms_account {}",
        "volcengine",
        account.access_key_id,
        shown(
            &account.secret_access_key,
            defaults::VOLCENGINE_SECRET_ACCESS_KEY
        ),
        account.sms_account
    );
    print_sms("sign", &account.signs, "template_id", &account.templates);
    let account = &config.twilio;
    println!(
        "  {:<12} account_sid {}  auth_token {}",
        "twilio",
        account.account_sid,
        shown(&account.auth_token, defaults::TWILIO_AUTH_TOKEN)
    );
    let from = [&account.senders[..], &account.messaging_services].concat();
    println!("  {:<12} from {}", "", from.join(", "));
}

fn region_name(region: SmsRegion) -> &'static str {
    match region {
        SmsRegion::Mainland => "mainland",
        SmsRegion::Overseas => "overseas",
    }
}

/// Prints what an account may send.
fn print_sms(sign: &str, signs: &[String], template: &str, templates: &[SmsTemplate]) {
    println!("  {:<12} {sign} {}", "", signs.join(", "));
    for known in templates {
        let takes = match known.variables.as_slice() {
            [] => "no variables".to_owned(),
            variables => format!("variables {}", variables.join(", ")),
        };
        let region = region_name(known.region);
        println!("  {:<12} {template} {}  {region}, {takes}", "", known.id);
    }
}
