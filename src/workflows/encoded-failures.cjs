// CommonJS, because Temporal loads it by `require`, in the process and in the bundle of the workflows alike; used only where payloads are encrypted.
// With it, message and stack of a failure are a payload too, and so go through the codec.
// eslint-disable-next-line @typescript-eslint/no-require-imports
const { DefaultFailureConverter } = require('@temporalio/common');

exports.failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
