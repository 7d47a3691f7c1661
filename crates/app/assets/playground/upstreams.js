import { busy, button, h, icon } from './dom.js';
import { onLanguage, t } from './i18n.js';
import { read, write } from './store.js';
import { complain } from './toast.js';
import { endFault, endFaults, faults, setFault, vendors } from './simulator.js';

const EVERY = 1500;

/* What an operator's day may bring, as faults of the simulator. */
const TROUBLES = {
  hang: { hang: true },
  slow: { latency_ms: 2000 },
  down: { http_status: 502 },
};

/* What each refuses for its own reasons: an unpaid bill, or a secret that is wrong. */
const REFUSALS = {
  'sms/aliyun': 'isv.AMOUNT_NOT_ENOUGH',
  'sms/tencent': 'FailedOperation.InsufficientBalanceInSmsPackage',
  'sms/huawei': 'E000112',
  'sms/volcengine': 'RE:0010',
  'sms/twilio': '63038',
  '/sns/jscode2session': 40125,
  '/sns/oauth2/access_token': 40125,
  '/cgi-bin/stable_token': 40125,
  '/wxa/business/getuserphonenumber': 48001,
};

const WECHAT = ['/sns/jscode2session', '/wxa/business/getuserphonenumber', '/sns/oauth2/access_token', '/cgi-bin/stable_token'];

export function mountUpstreams(host) {
  new Upstreams(host);
}

class Upstreams {
  constructor(host) {
    this.host = host;
    this.faults = new Map();
    this.vendors = [];
    this.polling = false;
    this.summary = h('summary', { testid: 'upstreams-toggle' });
    this.rows = h('div', { class: 'upstream-rows' });
    host.append(this.summary, this.rows);
    host.open = read('upstreams') ?? false;
    host.addEventListener('toggle', () => {
      write('upstreams', host.open);
      this.poll();
    });
    onLanguage(() => this.draw());
    document.addEventListener('visibilitychange', () => this.poll());
    setInterval(() => this.poll(), EVERY);
    this.draw();
    this.poll();
  }

  async poll() {
    if (this.polling || document.visibilityState !== 'visible') return;
    this.polling = true;
    const [set, carriers] = await Promise.all([faults(), this.host.open ? vendors() : this.vendors]);
    this.polling = false;
    const found = JSON.stringify([set, carriers]);
    if (found === this.found) return;
    this.found = found;
    this.faults = new Map((set ?? []).map((fault) => [fault.target, fault]));
    this.vendors = carriers;
    this.draw();
  }

  draw() {
    const count = this.faults.size;
    this.summary.replaceChildren(icon('exchange'), h('strong', {}, t('upstreams_title')), h('span', { class: count ? 'upstreams-bad' : 'upstreams-good', testid: 'upstreams-state' }, t(count ? 'upstreams_faults' : 'upstreams_well', { count })));
    const focused = this.rows.contains(document.activeElement) ? document.activeElement.dataset.testid : null;
    const clear = button(t('upstreams_clear'), { kind: 'chip', testid: 'faults-clear', disabled: !count, onClick: () => busy(clear, () => this.change(endFaults())) });
    this.rows.replaceChildren(
      h('p', { class: 'upstreams-text' }, t('upstreams_text')),
      h('h3', {}, t('sms')),
      ...this.vendors.map((vendor) => this.row(`sms/${vendor.name}`, vendor.name, vendor)),
      h('h3', {}, t('wechat')),
      ...WECHAT.map((target) => this.row(target, t(`upstream_${target.split('/').pop()}`))),
      clear,
    );
    if (focused) this.rows.querySelector(`[data-testid="${focused}"]`)?.focus({ preventScroll: true });
  }

  row(target, label, vendor) {
    const fault = this.faults.get(target);
    const trouble = troubleOf(target, fault);
    const id = target.replaceAll('/', '-').replace(/^-/, '');
    const choose = h(
      'select',
      { testid: `fault-${id}`, 'aria-label': t('upstream_trouble', { name: label }), on: { change: () => this.choose(target, choose.value) } },
      ['well', 'hang', 'slow', 'down', 'refuse', 'other'].filter((name) => name !== 'other' || trouble === 'other').map((name) => h('option', { value: name, selected: name === trouble }, t(`trouble_${name}`))),
    );
    const state = vendor?.circuit;
    return h(
      'div',
      { class: 'upstream', testid: 'upstream', data: { target, trouble, circuit: state ?? '' } },
      h('span', { class: 'upstream-name' }, label, state && state !== 'closed' && h('b', { class: 'circuit' }, t(`circuit_${state}`))),
      h('span', { class: 'carried', title: vendor && t('carried', { count: vendor.carried }) }, vendor ? String(vendor.carried) : ''),
      choose,
    );
  }

  async choose(target, trouble) {
    if (trouble === 'well') return this.change(endFault(target));
    const fault = trouble === 'refuse' ? { errcode: REFUSALS[target] } : TROUBLES[trouble];
    return this.change(setFault({ target, ...fault }));
  }

  async change(work) {
    await work.catch(complain);
    // A choice that was refused must not stay on the page.
    this.found = undefined;
    await this.poll();
  }
}

function troubleOf(target, fault) {
  if (!fault) return 'well';
  if (fault.hang) return 'hang';
  if (fault.errcode !== undefined) return String(fault.errcode) === String(REFUSALS[target]) ? 'refuse' : 'other';
  if (fault.http_status !== undefined) return 'down';
  return fault.latency_ms && !fault.body && !fault.reset ? 'slow' : 'other';
}
