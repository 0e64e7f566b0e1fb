import { describe, expect, it } from 'vitest';
import { type LabelClass, matchClass, newClass } from '@/features/personalise/shared/classes';
import { LabelTableError, imageKey, readLabelTable } from '@/features/personalise/shared/label-table';
import {
  type LabelledImage,
  conflictsOf,
  readiness,
  usable,
} from '@/features/personalise/shared/training-set';

const classes: LabelClass[] = [
  { code: 'MEL', name: 'Melanoma', shipped: true },
  { code: 'BCC', name: 'Basal cell carcinoma', shipped: true },
];

describe('classes', () => {
  it('match by code and by name, however written', () => {
    expect(matchClass('mel', classes)?.code).toBe('MEL');
    expect(matchClass('Basal_cell-Carcinoma', classes)?.code).toBe('BCC');
    expect(matchClass('基底細胞癌', classes, (code) => (code === 'BCC' ? ['基底細胞癌'] : []))?.code).toBe(
      'BCC',
    );
    expect(matchClass('lentigo', classes)).toBeUndefined();
    expect(matchClass('--', classes)).toBeUndefined();
  });

  it('get codes of their own', () => {
    expect(newClass('  Mel ', classes)).toEqual({ code: 'MEL2', name: 'Mel', shipped: false });
    expect(newClass('Clear cell acanthoma', classes).code).toBe('CLEARCELLACA');
    expect(newClass('***', classes).code).toBe('NEW');
  });
});

describe('tables of labels', () => {
  it('have a column of words', () => {
    const table = readLabelTable('\uFEFFimage_id,age,dx\na.jpg,40,mel\n"b, c.jpg",50,nv\nd.jpg,,\n');
    expect(table.rows).toEqual([
      { image: 'a.jpg', label: 'mel' },
      { image: 'b, c.jpg', label: 'nv' },
    ]);
    expect(table.badLines).toEqual([4]);
  });

  it('or a column a class, as ISIC has them', () => {
    const table = readLabelTable('image,MEL,NV\nISIC_1,1.0,0.0\nISIC_2,0.0,1.0\nISIC_3,0.0,0.0\n');
    expect(table.rows.map(({ label }) => label)).toEqual(['MEL', 'NV']);
    expect(table.badLines).toEqual([4]);
  });

  it('or no header, or other separators, or another language', () => {
    expect(readLabelTable('a.jpg;MEL\nb.png;NV\n').rows).toHaveLength(2);
    expect(readLabelTable('ファイル名\t診断\na.jpg\tMEL\n').rows).toEqual([{ image: 'a.jpg', label: 'MEL' }]);
  });

  it('are refused where they say nothing', () => {
    expect(() => readLabelTable('')).toThrow(LabelTableError);
    expect(() => readLabelTable('x,y,z\n1,2,3\n')).toThrow(/no-columns/);
  });

  it('name pictures with or without folder and ending', () => {
    expect(imageKey('set\\MEL\\ISIC_1.JPG')).toBe('isic_1');
    expect(imageKey('ISIC_1')).toBe('isic_1');
  });
});

function image(hash: string, label: string): LabelledImage {
  return { id: `${hash}-${label}`, hash, label, name: `${hash}.jpg`, file: null };
}

function many(count: number, label: string): LabelledImage[] {
  return Array.from({ length: count }, (_, i) => image(`${label}${i}`, label));
}

describe('the training set', () => {
  it('leaves out a picture that two classes claim', () => {
    const images = [image('x', 'MEL'), image('x', 'BCC'), image('y', 'MEL')];
    expect(conflictsOf(images).map(({ hash }) => hash)).toEqual(['x']);
    expect(usable(images).map(({ hash }) => hash)).toEqual(['y']);
    expect(conflictsOf(images.slice(1))).toEqual([]);
  });

  it('says how many pictures are missing', () => {
    expect(readiness(many(3, 'MEL'), classes, true)).toMatchObject({
      lacking: [{ code: 'MEL', count: 3, missing: 2 }],
      missingInAll: 17,
      ready: false,
    });
    expect(readiness([...many(20, 'MEL'), ...many(4, 'BCC')], classes, true).ready).toBe(false);
    expect(readiness([...many(20, 'MEL'), ...many(5, 'BCC')], classes, true)).toMatchObject({
      few: [{ code: 'BCC', count: 5 }],
      ready: true,
    });
  });

  it('needs two classes where nothing is replayed', () => {
    expect(readiness(many(40, 'MEL'), classes, true).ready).toBe(true);
    expect(readiness(many(40, 'MEL'), classes, false).ready).toBe(false);
  });

  it('names new classes without pictures', () => {
    const more = [...classes, { code: 'X', name: 'x', shipped: false }];
    expect(readiness(many(40, 'MEL'), more, true).empty).toEqual(['X']);
  });
});
