<?php
// As AWS's own metadata describes it: https://signin.aws.amazon.com/static/saml-metadata.xml
$metadata['urn:amazon:webservices'] = [
    'AssertionConsumerService' => 'https://signin.aws.amazon.com/saml',
    'NameIDFormat' => 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent',
    'saml20.sign.assertion' => true,
    'saml20.sign.response' => false,
];
