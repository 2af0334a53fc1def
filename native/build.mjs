// Builds the native parts; with --optional a machine that cannot build them is told what is missing, and that is all.
import { existsSync } from 'node:fs';

if (!existsSync(new URL('../binding.gyp', import.meta.url))) process.exit(0);
