<?php
// What the package has, with folders of our own and an identity provider switched on.
require '/etc/simplesamlphp/config.php';
$folder = getenv('REHEARSAL_IDP') . '/';
$config = [
    'baseurlpath' => getenv('REHEARSAL_ORIGIN') . '/simplesaml/',
    'certdir' => $folder . 'cert/',
    'datadir' => $folder . 'data/',
    'loggingdir' => $folder . 'log/',
    'tempdir' => $folder . 'tmp/',
    'metadatadir' => getenv('REHEARSAL_METADATA') . '/',
    'metadata.sources' => [['type' => 'flatfile', 'directory' => getenv('REHEARSAL_METADATA') . '/']],
    'secretsalt' => bin2hex(hash('sha256', $folder, true)),
    'auth.adminpassword' => bin2hex(random_bytes(16)),
    'logging.handler' => 'file',
    'enable.saml20-idp' => true,
    'module.enable' => ['core' => true, 'exampleauth' => true, 'saml' => true],
    'store.type' => 'phpsession',
    'session.phpsession.savepath' => $folder . 'sessions',
    // Who signed in stays so when the browser is closed.
    'session.cookie.lifetime' => 3600,
    // TLS ends in front of PHP.
    'session.cookie.secure' => false,
    'session.cookie.samesite' => null,
    'language.default' => 'en',
] + $config;
