import { backupCommand } from './backup/backup.ts';
import { restoreCommand } from './backup/restore.ts';
import { clientAdd } from './client/add.ts';
import { clientApprove } from './client/approve.ts';
import { clientBundle } from './client/bundle.ts';
import { clientDelete } from './client/delete.ts';
import { clientDeny } from './client/deny.ts';
import { clientImport } from './client/import.ts';
import { clientReplaceKeys } from './client/keys.ts';
import { clientList } from './client/list.ts';
import { clientSecret } from './client/secret.ts';
import type { Command } from './command.ts';
import { configCheck } from './config/check.ts';
import { configShow } from './config/show.ts';
import { dbMigrate } from './db/migrate.ts';
import { dbStatus } from './db/status.ts';
import { grantList } from './grant/list.ts';
import { grantRevoke } from './grant/revoke.ts';
import { identityLink } from './identity/link.ts';
import { identityList } from './identity/list.ts';
import { identityUnlink } from './identity/unlink.ts';
import { keysList } from './keys/list.ts';
import { keysRotate } from './keys/rotate.ts';
import { keysRotateMaster } from './keys/rotate-master.ts';
import { registrationTokenAdd } from './registration-token/add.ts';
import { registrationTokenList } from './registration-token/list.ts';
import { registrationTokenRevoke } from './registration-token/revoke.ts';
import { serveCommand } from './serve.ts';
import { statementKeys } from './statement/keys.ts';
import { statementShow } from './statement/show.ts';
import { statementSign } from './statement/sign.ts';
import { userAdd } from './user/add.ts';
import { userDelete } from './user/delete.ts';
import { userDisable } from './user/disable.ts';
import { userEnable } from './user/enable.ts';
import { userList } from './user/list.ts';
import { userPassword } from './user/password.ts';
import { userRole } from './user/role.ts';
import { userScopes } from './user/scopes.ts';

/** Every command, in the order of the overview. */
export const commands: readonly Command[] = [
  serveCommand(),
  userAdd,
  userList,
  userDisable,
  userEnable,
  userPassword,
  userRole,
  userScopes,
  userDelete,
  identityList,
  identityLink,
  identityUnlink,
  clientAdd,
  clientList,
  clientSecret,
  clientReplaceKeys,
  clientApprove,
  clientDeny,
  clientDelete,
  clientImport,
  clientBundle,
  registrationTokenAdd,
  registrationTokenList,
  registrationTokenRevoke,
  statementSign,
  statementShow,
  statementKeys,
  grantList,
  grantRevoke,
  keysList,
  keysRotate,
  keysRotateMaster,
  backupCommand,
  restoreCommand,
  dbStatus,
  dbMigrate,
  configCheck,
  configShow,
];
