// Written by `npm run layout`, like native/layout.h: of the constants that TypeScript and native code share.
export const LAYOUT_FINGERPRINT = 'fb9c353fb060c4e9';
