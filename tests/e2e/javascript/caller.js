// Prints the ARN that STS knows a profile's credentials by: node caller.js PROVIDER PROFILE
// PROVIDER is the way the SDK is told to find them: fromIni or fromNodeProviderChain.

import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import * as providers from "@aws-sdk/credential-providers";
import { HttpsProxyAgent } from "hpagent";

const [provider, profile] = process.argv.slice(2);

// This SDK does not look at HTTPS_PROXY by itself. The client that assumes the role of a profile
// inherits the agent from this one.
const client = new STSClient({
  profile,
  credentials: providers[provider]({ profile }),
  maxAttempts: 1,
  requestHandler: { httpsAgent: new HttpsProxyAgent({ proxy: process.env.HTTPS_PROXY }) },
});

const { Arn } = await client.send(new GetCallerIdentityCommand({}));
console.log(Arn);
