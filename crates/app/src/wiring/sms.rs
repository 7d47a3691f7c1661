//! The SMS vendors: each of the settings, or of the simulator, as an adapter.

use std::net::SocketAddr;
use std::sync::Arc;

use menshen_domain::ports::clock::Clock;
use menshen_domain::ports::receipt_reader::ReceiptReader;
use menshen_simulator::defaults as d;
use menshen_sms::receipts::{
    AliyunReceipts, HuaweiReceipts, TencentReceipts, TwilioReceipts, VolcengineReceipts,
};
use menshen_sms::{
    Aliyun, AliyunConfig, Console, FailoverSender, Huawei, HuaweiAuth, HuaweiConfig, Meant,
    RegionClass, SmsMetrics, SmsVendor, Template, Templates, Tencent, TencentConfig, Twilio,
    TwilioConfig, Variable, VendorHealth, Volcengine, VolcengineConfig, Webhook,
};
use menshen_token::system_randomness::SystemRandomness;

use crate::clock::SystemClock;
use crate::receipt_address::ReceiptAddress;
use crate::settings::Settings;
use crate::settings::sms::vendors::{Vendor, VendorSettings};
use crate::wiring::StartError;

/// What sends messages and hears of them, and what is counted on the way.
pub(super) struct Messages {
    pub(super) sender: FailoverSender,
    pub(super) receipt_readers: Vec<Arc<dyn ReceiptReader>>,
    pub(super) health: Arc<VendorHealth>,
    pub(super) metrics: SmsMetrics,
}

/// Wires all vendors of the settings. Vendors that are told with each message
/// where to push its receipt are told `receipts`.
pub(super) fn messages(
    settings: &Settings,
    simulated: Option<SocketAddr>,
    receipts: Option<&ReceiptAddress>,
    clock: &Arc<dyn Clock>,
) -> Result<Messages, StartError> {
    let mut vendors = Vec::new();
    let mut receipt_readers = Vec::new();
    for settings in &settings.sms.vendors {
        let mut settings = resolved(settings, simulated)?;
        let address = receipts.and_then(|receipts| receipts.of(settings.name()));
        match &mut settings {
            VendorSettings::Huawei(config) => config.status_callback = address,
            VendorSettings::Twilio(config) => config.status_callback = address,
            _ => {}
        }
        vendors.push(adapter(&settings, clock.clone())?);
        receipt_readers.extend(receipt_reader(&settings));
    }
    let metrics = SmsMetrics::default();
    let health = Arc::new(VendorHealth::new(metrics.clone()));
    let sender = FailoverSender::new(vendors, clock.clone(), Arc::new(SystemRandomness))
        .with_weights(settings.sms.weights.clone())
        .with_health(health.clone())
        .with_metrics(metrics.clone());
    Ok(Messages {
        sender,
        receipt_readers,
        health,
        metrics,
    })
}

/// The adapter of one vendor, for a message without a receipt.
///
/// # Errors
///
/// As of the adapters; or the simulator is meant and does not run.
pub(crate) fn vendor(
    settings: &VendorSettings,
    simulated: Option<SocketAddr>,
) -> Result<Arc<dyn SmsVendor>, StartError> {
    adapter(&resolved(settings, simulated)?, Arc::new(SystemClock))
}

/// The settings, with the simulator's account for a simulated vendor.
fn resolved(
    settings: &VendorSettings,
    simulated: Option<SocketAddr>,
) -> Result<VendorSettings, StartError> {
    match settings {
        VendorSettings::Simulated { vendor, templates } => {
            let address = simulated.ok_or("the simulator is not running")?;
            account(*vendor, address, templates.clone())
        }
        real => Ok(real.clone()),
    }
}

fn adapter(
    settings: &VendorSettings,
    clock: Arc<dyn Clock>,
) -> Result<Arc<dyn SmsVendor>, StartError> {
    let randomness = Arc::new(SystemRandomness);
    Ok(match settings {
        VendorSettings::Aliyun(config) => Arc::new(Aliyun::new(config.clone(), clock, randomness)?),
        VendorSettings::Tencent(config) => Arc::new(Tencent::new(config.clone(), clock)?),
        VendorSettings::Huawei(config) => Arc::new(Huawei::new(config.clone(), clock, randomness)?),
        VendorSettings::Volcengine(config) => Arc::new(Volcengine::new(config.clone(), clock)?),
        VendorSettings::Twilio(config) => Arc::new(Twilio::new(config.clone())?),
        VendorSettings::Webhook(config) => Arc::new(Webhook::new(config, clock)?),
        VendorSettings::Console => Arc::new(Console::default()),
        VendorSettings::Simulated { .. } => return Err("nobody simulates the simulator".into()),
    })
}

/// Who reads the receipts of a vendor, if it pushes any.
fn receipt_reader(settings: &VendorSettings) -> Option<Arc<dyn ReceiptReader>> {
    Some(match settings {
        VendorSettings::Aliyun(_) => Arc::new(AliyunReceipts),
        VendorSettings::Tencent(_) => Arc::new(TencentReceipts),
        VendorSettings::Huawei(config) => Arc::new(HuaweiReceipts {
            push_key: config.push_key.clone(),
        }),
        VendorSettings::Volcengine(_) => Arc::new(VolcengineReceipts),
        VendorSettings::Twilio(config) => Arc::new(TwilioReceipts {
            auth_token: config.auth_token.clone(),
        }),
        VendorSettings::Webhook(_) | VendorSettings::Console | VendorSettings::Simulated { .. } => {
            return None;
        }
    })
}

/// The account that the simulator's vendor has from the start, its templates and
/// those of the settings.
fn account(
    vendor: Vendor,
    address: SocketAddr,
    more: Vec<(Meant, Template)>,
) -> Result<VendorSettings, StartError> {
    let endpoint = format!("http://{address}/sms/{}", vendor.as_str());
    let code = [Variable::Code].as_slice();
    let minutes = [Variable::Code, Variable::Minutes].as_slice();
    Ok(match vendor {
        Vendor::Aliyun => VendorSettings::Aliyun(AliyunConfig {
            endpoint,
            access_key_id: d::ALIYUN_ACCESS_KEY_ID.to_owned(),
            access_key_secret: d::ALIYUN_ACCESS_KEY_SECRET.into(),
            sign_name: d::ALIYUN_SIGN_NAME.to_owned(),
            templates: templates(
                (d::ALIYUN_TEMPLATE_CODE, code),
                (d::ALIYUN_BIND_TEMPLATE_CODE, code),
                (d::ALIYUN_OVERSEAS_TEMPLATE_CODE, code),
                more,
            ),
        }),
        Vendor::Tencent => VendorSettings::Tencent(TencentConfig {
            endpoint,
            secret_id: d::TENCENT_SECRET_ID.to_owned(),
            secret_key: d::TENCENT_SECRET_KEY.into(),
            sdk_app_id: d::TENCENT_SDK_APP_ID.to_owned(),
            sign_name: d::TENCENT_SIGN_NAME.to_owned(),
            templates: templates(
                (d::TENCENT_TEMPLATE_ID, code),
                (d::TENCENT_BIND_TEMPLATE_ID, minutes),
                (d::TENCENT_OVERSEAS_TEMPLATE_ID, code),
                more,
            ),
            region: d::TENCENT_REGION.to_owned(),
        }),
        Vendor::Huawei => VendorSettings::Huawei(HuaweiConfig {
            endpoint,
            app_key: d::HUAWEI_APP_KEY.to_owned(),
            app_secret: d::HUAWEI_APP_SECRET.into(),
            sender: d::HUAWEI_SENDER.to_owned(),
            overseas_sender: Some(d::HUAWEI_OVERSEAS_SENDER.to_owned()),
            signature: Some(d::HUAWEI_SIGNATURE.to_owned()),
            templates: templates(
                (d::HUAWEI_TEMPLATE_ID, code),
                (d::HUAWEI_BIND_TEMPLATE_ID, minutes),
                (d::HUAWEI_OVERSEAS_TEMPLATE_ID, code),
                more,
            ),
            auth: HuaweiAuth::default(),
            status_callback: None,
            push_key: None,
        }),
        Vendor::Volcengine => VendorSettings::Volcengine(VolcengineConfig {
            endpoint,
            access_key_id: d::VOLCENGINE_ACCESS_KEY_ID.to_owned(),
            secret_access_key: d::VOLCENGINE_SECRET_ACCESS_KEY.into(),
            sms_account: d::VOLCENGINE_SMS_ACCOUNT.to_owned(),
            sign: d::VOLCENGINE_SIGN.to_owned(),
            templates: templates(
                (d::VOLCENGINE_TEMPLATE_ID, code),
                (d::VOLCENGINE_BIND_TEMPLATE_ID, minutes),
                (d::VOLCENGINE_OVERSEAS_TEMPLATE_ID, code),
                more,
            ),
            region: d::VOLCENGINE_REGION.to_owned(),
        }),
        Vendor::Twilio => VendorSettings::Twilio(TwilioConfig {
            endpoint,
            account_sid: d::TWILIO_ACCOUNT_SID.to_owned(),
            auth_token: d::TWILIO_AUTH_TOKEN.into(),
            from: d::TWILIO_FROM.to_owned(),
            texts: Templates::new(more).unwrap_or_default(),
            status_callback: None,
        }),
        Vendor::Webhook | Vendor::Console => return Err("nobody to simulate".into()),
    })
}

/// The simulator's three templates, behind those of the settings.
fn templates(
    usual: (&str, &[Variable]),
    bind: (&str, &[Variable]),
    overseas: (&str, &[Variable]),
    more: Vec<(Meant, Template)>,
) -> Templates {
    let bind_phone = Meant {
        purpose: Some("bind_phone"),
        region: Some(RegionClass::Mainland),
    };
    let elsewhere = Meant {
        purpose: None,
        region: Some(RegionClass::Overseas),
    };
    let mut all = more;
    for (meant, (id, variables)) in [
        (Meant::default(), usual),
        (bind_phone, bind),
        (elsewhere, overseas),
    ] {
        if all.iter().all(|(known, _)| *known != meant) {
            let variables = variables.to_vec();
            all.push((
                meant,
                Template {
                    variables,
                    ..Template::with_code(id)
                },
            ));
        }
    }
    // The settings were read without two for the same messages.
    Templates::new(all).unwrap_or_default()
}
