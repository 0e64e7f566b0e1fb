import type { Messages } from '../messages';

export const common: Messages['common'] = {
  name: 'DermDistill',
  tagline: 'ダーモスコピー画像を、お使いの端末の中だけで調べます',
  skip: '本文へ移動',
  tabs: { check: '調べる', personalise: '個別化', model: 'モデル' },
  tabsLabel: '画面',
  notice:
    '研究用ソフトウェアです。診断ではなく、医療機器でもありません。どの病変についても誤ることがあります。気になる病変があるときは医師の診察を受けてください。',
  noticeLabel: 'このソフトウェアについて',
  private: '画像はこの端末から出ません。',
  language: '言語',
  theme: '外観',
  themes: { system: 'システムに合わせる', light: 'ライト', dark: 'ダーク' },
  settings: '設定',
  threads: (count) => `${count} スレッドで計算します`,
  isolation: '複数のプロセッサコアを使う',
  isolationHelp:
    'ページをほかのサイトから隔離して開きます。スレッド間でメモリを共有するためにブラウザが求める条件です。次にページを開いたときに有効になります。',
  isolationByHost: 'このサイトは、配信元の設定により常に隔離して開かれます。',
  update: '新しいバージョンがあります。',
  updateNow: '今すぐ再読み込み',
  updateLater: 'あとで',
  offlineReady: 'ネットワークなしで使えるようになりました。',
  details: '詳細',
  close: '閉じる',
  retry: 'もう一度試す',
  dismiss: '閉じる',
  model: {
    loading: 'モデルを取得しています',
    progress: (done, total) => `${total} MB 中 ${done} MB`,
    starting: 'モデルを起動しています',
    ready: 'モデルの準備ができました',
    failed: 'モデルを起動できませんでした',
    personalised: (name) => `個別化ヘッド「${name}」を使用中`,
  },
};
