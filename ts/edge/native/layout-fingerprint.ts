// Written by `npm run layout`, like native/layout.h: of the constants that TypeScript and native code share.
export const LAYOUT_FINGERPRINT = '70243f8026c86cd4';
