export { BuyerDataResolver } from './buyer-data.resolver.js';
export { BuyerDataService } from './buyer-data.service.js';
export { isErased } from './erased.js';
