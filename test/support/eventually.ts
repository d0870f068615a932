export { eventually } from '../../dev/eventually.js';
