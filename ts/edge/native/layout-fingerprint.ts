// Written by `npm run layout`, like native/layout.h: of the constants that TypeScript and native code share.
export const LAYOUT_FINGERPRINT = '9a5c3ef5a79ee871';
