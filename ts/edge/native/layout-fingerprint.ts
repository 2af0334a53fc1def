// Written by `npm run layout`, like native/layout.h: of the constants that TypeScript and native code share.
export const LAYOUT_FINGERPRINT = 'fe655b1eb5e49d39';
