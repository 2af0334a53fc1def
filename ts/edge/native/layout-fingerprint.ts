// Written by `npm run layout`, like native/layout.h: of the constants that TypeScript and native code share.
export const LAYOUT_FINGERPRINT = 'e120f02a5dc52cad';
