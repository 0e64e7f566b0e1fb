import type { Messages } from '../messages';

export const problems: Messages['problems'] = {
  'unreadable-picture':
    'この画像の形式 (または特殊な JPEG・PNG) は読み込めません。通常の JPEG または PNG で保存し直してください。',
  heic: 'これは HEIC 画像(iPhone の形式)です。JPEG で書き出してからもう一度お試しください。',
  'not-a-picture': 'このファイルは画像ではありません。JPEG または PNG のファイルを選んでください。',
  'empty-file': 'このファイルは空です。',
  'picture-too-large': 'この画像は大きすぎます。読み込めるのは 1 億画素までです。',
  'picture-too-small': 'この画像は小さすぎて判定できません。各辺に 16 画素以上が必要です。',
  'damaged-picture':
    'この画像ファイルは壊れているか、途中で切れています。元の場所からコピーし直してください。',
  'model-download': 'モデルを取得できませんでした。ネットワークを確認して、もう一度お試しください。',
  'model-corrupt':
    '届いたモデルはこのサイトのものと一致しません。もう一度お試しください。続く場合はサイトの管理者にお知らせください。',
  'model-refused': 'このファイルはこのプロジェクトのモデルではありません。',
  'model-changed': '途中で別のモデルが開かれました。今開いているモデルで、もう一度学習してください。',
  'no-simd':
    'このブラウザではモデルを実行できません。WebAssembly の SIMD 命令がありません。Chrome、Edge、Firefox、Safari の新しい版をお使いください。',
  'no-webassembly':
    'このブラウザではモデルを実行できません。WebAssembly が無効か、備わっていません。Chrome、Edge、Firefox、Safari の新しい版をお使いください。',
  'insecure-page':
    '保護されていない接続でページが開かれているため、必要な機能をブラウザが使わせません。https:// または localhost で開いてください。',
  runtime: 'モデルがエラーで停止しました。もう一度お試しください。続く場合はページを再読み込みしてください。',
  'out-of-memory': 'メモリが足りません。ほかのページを閉じるか、小さい画像をお使いください。',
  'storage-full':
    'モデルやデータを保存する空き容量がありません。ページの機能はすべて使えます。空き容量を増やすと、ネットワークなしでも使えるようになります。',
  'storage-unavailable':
    'このブラウザではデータを保存できません(プライベートウィンドウなど)。ページを閉じるまではすべて使えます。',
  'camera-refused':
    'カメラの使用が許可されていません。ブラウザのアドレスバーで許可するか、画像を選んでください。',
  'camera-missing': 'カメラが見つかりません。代わりに画像を選んでください。',
  'head-refused': 'このヘッドは、開いているモデルのものではありません。',
  aborted: '中止しました。',
  unknown: '予期しない問題が起きました。',
};
