import { type BannerOptions, printBanner } from '../cli/banner.ts';
import type { EmbeddedServer } from '../cli/mcp-module.ts';
import { runServer } from '../cli/run-server.ts';
import { type ConfigSources, type LoadedConfig, loadConfig } from '../portcullis/load-config.ts';
import type { ServeConfig } from '../portcullis/serve-config.ts';
import { createNodeHandler, createNodeListener, type NodeHandler, type NodeHandlerOptions } from './node-handler.ts';
import { type McpHandler, type RunningServer, type ServeOptions, serve } from './serve.ts';

export {
  type BannerOptions,
  type ConfigSources,
  createNodeHandler,
  createNodeListener,
  type EmbeddedServer,
  type LoadedConfig,
  loadConfig,
  type McpHandler,
  type NodeHandler,
  type NodeHandlerOptions,
  printBanner,
  type RunningServer,
  runServer,
  type ServeConfig,
  type ServeOptions,
  serve,
};
