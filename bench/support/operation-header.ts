/** What a request says that it is, for the probe in a measured server; servers themselves do not look at it. */
export const OPERATION_HEADER = 'x-operation';
